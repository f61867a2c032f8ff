// Texts that try to be something else than text, and entries that have them in every place.

/** Each calls `pwned` where it runs as a script, or would change what a reader sees. */
export const TEXTS = [
  "<script>pwned()</script>",
  "</script><script>pwned()</script>",
  "</title><img src=x onerror=pwned()>",
  "<img src=x onerror=pwned()>",
  '"><svg/onload=pwned()>',
  "' onmouseover='pwned()' x='",
  '" autofocus onfocus="pwned()" x="',
  "--><script>pwned()</script><!--",
  "<!--",
  "]]><script>pwned()</script>",
  "&lt;script&gt;pwned()&lt;/script&gt;",
  "javascript:pwned()",
  "${pwned()}{{pwned()}}",
  "<style>body{display:none}</style>",
  "</style><script>pwned()</script>",
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<form action="https://evil.example/"><input name="a"></form>',
  '<a href="javascript:pwned()" id="findings-grid">x</a>',
  "user\u202egnp.exe\u202c\u2066x\u2069",
  "a\u0000b\u0007c\u001b[2J\u009bd",
  "\u2028\u2029\ufeff\ufffe\u{e0041}",
  "line\r\nline\tend",
  "#finding=x&decision=block",
  "%3Cscript%3Epwned()%3C/script%3E",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "größer 版本 🦀 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
  "x".repeat(1 << 20),
];

/** One entry a text, with the text wherever a text can stand. */
export function hostileEntries() {
  return TEXTS.map((text, number) => ({
    id: `CVE-2026-${4000 + number}`,
    // A megabyte is enough as a title.
    name: `name ${text.slice(0, 300)}`,
    version: `1.0 ${text.slice(0, 300)}`,
    fix: `2.0 ${text.slice(0, 300)}`,
    severity: "critical",
    title: `title ${text}`,
    description: `description ${text}`,
    url: number % 2 === 0 ? `javascript:pwned("${number}")` : `https://x.example/${text.slice(0, 300)}`,
  }));
}
