// 100,000 findings: 2,000 packages with 50 vulnerabilities each. Both scanners report four fifths of them, one
// of the two alone the rest. The same every time.

export const FINDINGS = 100_000;
const PACKAGES = 2_000;
const SEVERITIES = ["critical", "high", "high", "medium", "medium", "medium", "low", "low", "low", "low"];

/** What each of two scanners reports. */
export function largeEntries() {
  const seenByTrivy = [];
  const seenByGrype = [];
  for (let number = 0; number < FINDINGS; number += 1) {
    const name = `package-${number % PACKAGES}`;
    const entry = {
      id: `CVE-${2010 + (number % 17)}-${100_000 + number}`,
      name,
      version: `${1 + ((number % PACKAGES) % 7)}.0.0`,
      fix: number % 3 === 0 ? undefined : `${9 + (number % 3)}.1.0`,
      severity: SEVERITIES[number % SEVERITIES.length],
      title: `Flaw ${number} in ${name}`,
      description: `Flaw ${number} in ${name} lets an attacker do what flaws of its kind let attackers do.`,
    };
    if (number % 10 !== 1) {
      seenByTrivy.push(entry);
    }
    if (number % 10 !== 2) {
      seenByGrype.push(entry);
    }
  }
  return { seenByTrivy, seenByGrype };
}
