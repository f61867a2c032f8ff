// The table of findings with its search, filters, columns and order.

/** Columns that the search looks at. */
const SEARCHED = ["id", "aliases", "package", "title"];

class Findings {
  constructor(data) {
    this.rows = new Rows(data);
    this.blockSize = data.block;
    this.facets = data.facets.map(
      (facet) =>
        new FacetFilter(facet, document.querySelector(`fieldset[data-facet="${facet.name}"]`)),
    );
    this.search = byId("search");
    this.count = byId("row-count");
    this.columnBoxes = [...document.querySelectorAll("#columns input[data-column]")];
    this.usualColumns = this.chosenColumns();
    this.sort = "";
    this.opened = null;
    this.drawer = new Drawer({
      closed: () => {
        this.opened = null;
        this.remember();
      },
      follow: (key) => this.openKey(key),
    });
    this.table = new VirtualTable(byId("findings-grid"), {
      cell: (cell, row, column) => this.fill(cell, row, column),
      key: (row) => this.rows.text(row, "key"),
      open: (row) => this.open(row),
      sort: (column) => this.sortBy(column),
    });
    this.listen();
    this.apply();
    this.restore();
  }

  listen() {
    this.search.addEventListener("input", settled(100, () => this.update()));
    byId("facets").addEventListener("change", () => this.update());
    byId("clear").addEventListener("click", () => this.clear());
    byId("columns").addEventListener("change", () => {
      this.table.showColumns(this.chosenColumns());
      this.remember();
    });
    byId("columns").addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        byId("columns").open = false;
        byId("columns").querySelector("summary").focus();
      }
    });
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.matches("input:not([type=checkbox]), textarea");
      if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && byId("drawer").hidden) {
        event.preventDefault();
        this.search.focus();
        this.search.select();
      }
    });
    window.addEventListener("hashchange", () => this.restore());
  }

  chosenColumns() {
    return this.columnBoxes.filter((box) => box.checked).map((box) => box.dataset.column);
  }

  fill(cell, row, column) {
    const text = this.rows.text(row, column);
    cell.title = text;
    if (column === "severity" || column === "decision") {
      cell.replaceChildren(element("span", { class: `mark ${text}` }, text));
    } else {
      cell.textContent = text;
    }
    if (column === "id" && this.rows.text(row, "exploited") !== "") {
      cell.append(" ", element("span", { class: "tag" }, this.rows.text(row, "exploited")));
    }
  }

  /** The worst or the first by letter at the top; then the other way round; then as in the report. */
  sortBy(column) {
    const isRanked = column in this.rows.orders;
    const order = isRanked ? [`-${column}`, column, ""] : [column, `-${column}`, ""];
    this.sort = order[(order.indexOf(this.sort) + 1) % order.length];
    this.update();
  }

  clear() {
    this.search.value = "";
    for (const facet of this.facets) {
      facet.chosen = [];
    }
    this.update();
  }

  /** Applies search, filters and order, and remembers them. */
  update() {
    this.apply();
    this.remember();
  }

  apply() {
    const column = this.sort.replace(/^-/, "");
    const isDescending = this.sort.startsWith("-");
    const order = column ? this.rows.sortedBy(column, isDescending) : this.rows.inOrder();
    this.table.markSorted(column, isDescending);
    const matches = this.rows.matching(this.search.value, SEARCHED);
    const shown = filterRows(order, matches, this.facets);
    this.table.show(shown);
    this.count.textContent = `${shown.length} of ${this.rows.length} findings`;
  }

  remember() {
    const columns = this.chosenColumns();
    const lists = new Map([["q", this.search.value ? [this.search.value] : []]]);
    for (const facet of this.facets) {
      lists.set(facet.name, facet.chosen);
    }
    lists.set("sort", this.sort ? [this.sort] : []);
    lists.set("columns", columns.join() === this.usualColumns.join() ? [] : columns);
    lists.set("finding", this.opened === null ? [] : [this.opened]);
    writeFragment(lists);
  }

  /**
   * Does what the address says. The id of a section, or a finding alone, leaves search, filters and
   * the place in the table as they are.
   */
  restore() {
    const lists = readFragment();
    const finding = lists.get("finding")?.join(",") ?? null;
    lists.delete("finding");
    if (finding === null) {
      this.drawer.close();
    }
    this.opened = finding;
    if (lists.size > 0) {
      this.choose(lists);
      this.update();
    }
    if (finding !== null) {
      this.openKey(finding);
    }
  }

  /** Sets search, filters, order and columns as in an address. */
  choose(lists) {
    this.search.value = lists.get("q")?.join(",") ?? "";
    for (const facet of this.facets) {
      facet.chosen = lists.get(facet.name) ?? [];
    }
    const sort = lists.get("sort")?.[0] ?? "";
    this.sort = this.rows.has(sort.replace(/^-/, "")) ? sort : "";
    const columns = lists.get("columns") ?? this.usualColumns;
    for (const box of this.columnBoxes) {
      box.checked = columns.includes(box.dataset.column);
    }
    this.table.showColumns(this.chosenColumns());
  }

  openKey(key) {
    const number = this.rows.strings.indexOf(key);
    const row = number < 0 ? -1 : this.rows.columns.key.indexOf(number);
    if (row < 0) {
      this.opened = null;
      tellProblem("The address names a finding that is not in this report.");
      return;
    }
    this.open(row);
  }

  async open(row) {
    try {
      const detail = await readDetail(row, this.blockSize);
      this.opened = this.rows.text(row, "key");
      this.drawer.open(detail);
      this.remember();
    } catch (error) {
      tellProblem(`The details of the finding could not be read: ${error.message}`);
    }
  }
}
