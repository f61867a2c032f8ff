// Everything about one finding, beside the page. While it is open the page behind takes no input.

class Drawer {
  /** @param {Object} events `closed()` and `follow(key)`, called for a link to another finding */
  constructor(events) {
    this.events = events;
    this.panel = byId("drawer");
    this.title = byId("drawer-title");
    this.status = byId("drawer-status");
    this.content = byId("drawer-content");
    this.behind = [...document.body.children].filter(
      (part) => part !== this.panel && part.localName !== "script",
    );
    this.detail = null;
    byId("drawer-close").addEventListener("click", () => this.close());
    byId("copy-markdown").addEventListener("click", () => this.copy());
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.panel.hidden && !this.panel.contains(event.target)) {
        this.close();
      }
    });
  }

  /** Shows a finding and remembers where the focus was. */
  open(detail) {
    if (this.panel.hidden) {
      this.before = document.activeElement;
    }
    this.detail = detail;
    this.title.textContent = detail.heading;
    this.status.textContent = "";
    this.content.replaceChildren(...this.parts(detail));
    this.panel.hidden = false;
    this.setBehind(true);
    this.panel.scrollTop = 0;
    this.panel.focus();
  }

  close() {
    if (this.panel.hidden) {
      return;
    }
    this.panel.hidden = true;
    this.setBehind(false);
    const target = this.before?.isConnected && this.before !== document.body ? this.before : byId("findings-grid");
    target.focus();
    this.events.closed();
  }

  setBehind(isInert) {
    for (const part of this.behind) {
      part.inert = isInert;
    }
  }

  parts(detail) {
    const parts = [];
    if (detail.title) {
      parts.push(element("p", { class: "sentence" }, detail.title));
    }
    const facts = element("dl", { class: "facts" });
    for (const [name, value] of detail.facts) {
      facts.append(element("div", {}, element("dt", {}, name), element("dd", {}, this.cell(value))));
    }
    parts.push(facts);
    if (detail.description && detail.description !== detail.title) {
      parts.push(element("h3", {}, "Description"));
      parts.push(element("p", { class: "lines" }, detail.description));
    }
    for (const section of detail.sections) {
      parts.push(element("h3", {}, section.title), this.table(section));
      if (section.more > 0) {
        const text = `and ${section.more} more. The JSON report lists all.`;
        parts.push(element("p", { class: "remark" }, text));
      }
    }
    if (detail.command) {
      parts.push(element("h3", {}, "In a terminal"));
      parts.push(element("p", {}, element("code", {}, detail.command)));
      parts.push(element("p", { class: "remark" }, "RUN is the directory of the run."));
    }
    return parts;
  }

  table(section) {
    const heads = section.head.map((title) => element("th", { scope: "col" }, title));
    const rows = section.rows.map((row) =>
      element("tr", {}, ...row.map((cell) => element("td", { class: "lines" }, this.cell(cell)))),
    );
    const table = element(
      "table",
      { "aria-label": section.title },
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows),
    );
    const frame = { class: "scroll", role: "region", "aria-label": section.title, tabindex: "0" };
    return element("div", frame, table);
  }

  /** A text, a page on the web (its address was checked when the report was written), or a finding. */
  cell(cell) {
    if (typeof cell === "string") {
      return cell;
    }
    if (cell.page) {
      return element("a", { href: cell.page, rel: "noopener noreferrer" }, cell.text);
    }
    const address = `#finding=${encodeURIComponent(cell.finding)}`;
    const link = element("a", { href: address }, cell.finding);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.events.follow(cell.finding);
    });
    return link;
  }

  async copy() {
    const text = markdownOf(this.detail);
    try {
      await navigator.clipboard.writeText(text);
      this.status.textContent = "Copied.";
    } catch {
      const area = element("textarea", { readonly: "", rows: "8", "aria-label": "Markdown" });
      area.value = text;
      this.status.replaceChildren("The browser does not let the page copy. Copy the selected text.", area);
      area.focus();
      area.select();
    }
  }
}
