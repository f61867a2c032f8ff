// A finding as GitHub-flavoured Markdown, with texts that stay texts there too.

/** One line of text that Markdown shows letter by letter, by the rules of the program's own reports. */
function markdownText(text) {
  const line = text.replace(/\s*\n\s*/g, "; ").trim();
  let escaped = "";
  let isNumber = true;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at];
    const rest = line.slice(at + 1);
    const isStart = escaped === "";
    if (letter === "&") {
      escaped += "&amp;";
    } else if (letter === "<") {
      escaped += "&lt;";
    } else if (letter === ">") {
      escaped += "&gt;";
    } else if (letter === "$") {
      escaped += "<span>$</span>";
    } else if ("\\`*_[]|~".includes(letter) || ("-+=".includes(letter) && isStart)) {
      escaped += `\\${letter}`;
    } else if (".)".includes(letter) && isNumber && !isStart && /^( |$)/.test(rest)) {
      escaped += `\\${letter}`;
    } else if (letter === "#") {
      escaped += "\\#&#8203;";
    } else if (letter === "@") {
      escaped += "@&#8203;";
    } else if (letter === ":" && rest.startsWith("//")) {
      escaped += ":&#8203;";
    } else if (letter === "." && /www$/i.test(escaped)) {
      escaped += "&#8203;.";
    } else {
      escaped += letter;
    }
    isNumber = isNumber && /[0-9]/.test(letter);
  }
  return escaped;
}

function markdownCell(cell) {
  return markdownText(typeof cell === "string" ? cell : (cell.finding ?? cell.text));
}

function markdownRow(cells) {
  return `| ${cells.join(" | ")} |`;
}

/** A finding's details as a section for an issue or a comment. */
function markdownOf(detail) {
  const lines = [`### ${markdownText(detail.heading)}`, ""];
  if (detail.title) {
    lines.push(markdownText(detail.title), "");
  }
  for (const [name, value] of detail.facts) {
    lines.push(`- **${markdownCell(name)}:** ${markdownCell(value)}`);
  }
  for (const section of detail.sections) {
    lines.push("", `#### ${section.title}`, "");
    lines.push(markdownRow(section.head), markdownRow(section.head.map(() => "---")));
    for (const row of section.rows) {
      lines.push(markdownRow(row.map(markdownCell)));
    }
    if (section.more > 0) {
      lines.push("", `and ${section.more} more`);
    }
  }
  return `${lines.join("\n")}\n`;
}
