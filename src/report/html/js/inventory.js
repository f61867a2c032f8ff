// The table of installed packages with its search.

class PackageList {
  constructor(data) {
    this.rows = new Rows(data);
    this.search = byId("inventory-search");
    this.sort = "";
    this.table = new VirtualTable(byId("inventory-grid"), {
      cell: (cell, row, column) => {
        cell.textContent = this.rows.text(row, column);
        cell.title = cell.textContent;
      },
      key: (row) => `${this.rows.text(row, "ecosystem")}/${this.rows.text(row, "name")}`,
      sort: (column) => {
        const order = [column, `-${column}`, ""];
        this.sort = order[(order.indexOf(this.sort) + 1) % order.length];
        this.update();
      },
    });
    this.search.addEventListener("input", settled(100, () => this.update()));
    this.update();
  }

  update() {
    const column = this.sort.replace(/^-/, "");
    const isDescending = this.sort.startsWith("-");
    const order = column ? this.rows.sortedBy(column, isDescending) : this.rows.inOrder();
    this.table.markSorted(column, isDescending);
    const matches = this.rows.matching(this.search.value, ["ecosystem", "name", "version"]);
    const shown = filterRows(order, matches, []);
    this.table.show(shown);
    byId("inventory-count").textContent = `${shown.length} of ${this.rows.length} packages`;
  }
}
