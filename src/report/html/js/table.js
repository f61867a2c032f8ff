// A table of any number of rows of which only those in sight are elements.
//
// The focus stays on the table; `aria-activedescendant` names the row that keys act on. So it is not
// lost when that row's element shows another row.

/** Browsers draw nothing beyond some height; above this one, scrolling is scaled. */
const GREATEST_HEIGHT = 8_000_000;

/** Rows outside of the view on either side. */
const SPARE_ROWS = 6;

class VirtualTable {
  /**
   * @param {HTMLElement} root the element with the role `grid`, with its head
   * @param {Object} source `cell(element, row, column)` fills a cell, `key(row)` names a row,
   *   `open(row)` is called for a click or Enter (may be missing), `sort(column)` when a head is used
   */
  constructor(root, source) {
    this.root = root;
    this.source = source;
    this.body = root.querySelector(".rows");
    this.head = root.querySelector(".head");
    this.headers = [...root.querySelectorAll("[role=columnheader]")];
    this.order = new Uint32Array(0);
    this.active = 0;
    this.pool = [];
    this.isDrawing = false;
    this.showColumns(this.headers.filter((header) => !header.hidden).map(columnOf));
    root.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    root.addEventListener("keydown", (event) => this.press(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.head.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-sort]");
      if (button) {
        source.sort(button.dataset.sort);
      }
    });
    new ResizeObserver(() => this.measure()).observe(root);
    this.measure();
  }

  /** Shows rows in this order and goes back to the first. */
  show(order) {
    this.order = order;
    this.active = 0;
    this.root.scrollTop = 0;
    this.root.setAttribute("aria-rowcount", String(order.length + 1));
    this.refresh();
  }

  /** Shows these columns only. */
  showColumns(names) {
    this.columns = this.headers.map(columnOf).filter((name) => names.includes(name));
    for (const header of this.headers) {
      header.hidden = !this.columns.includes(columnOf(header));
    }
    const widths = this.headers
      .filter((header) => !header.hidden)
      .map((header) => getComputedStyle(header).getPropertyValue("--width").trim() || "minmax(6rem, 1fr)");
    this.root.style.setProperty("--columns", widths.join(" "));
    this.body.replaceChildren();
    this.pool = [];
    this.drawSoon();
  }

  /** Marks the column that rows are sorted by. */
  markSorted(name, isDescending) {
    for (const header of this.headers) {
      if (columnOf(header) === name) {
        header.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      } else {
        header.removeAttribute("aria-sort");
      }
    }
  }

  measure() {
    this.rowHeight = parseFloat(getComputedStyle(this.root).getPropertyValue("--row-height")) || 36;
    this.view = Math.max(this.root.clientHeight - this.head.offsetHeight, this.rowHeight);
    this.refresh();
  }

  /** Draws every row anew. */
  refresh() {
    const height = Math.min(this.order.length * this.rowHeight, GREATEST_HEIGHT);
    this.body.style.setProperty("height", `${height}px`);
    for (const row of this.pool) {
      row.dataset.row = "";
    }
    this.drawSoon();
  }

  drawSoon() {
    if (!this.isDrawing) {
      this.isDrawing = true;
      requestAnimationFrame(() => {
        this.isDrawing = false;
        this.draw();
      });
    }
  }

  /** Pixels of rows for each pixel that the scroll bar moves. */
  scale() {
    const all = this.order.length * this.rowHeight;
    return all > GREATEST_HEIGHT ? (all - this.view) / (GREATEST_HEIGHT - this.view) : 1;
  }

  draw() {
    const scrolled = this.root.scrollTop;
    const top = scrolled * this.scale();
    const first = Math.max(Math.floor(top / this.rowHeight) - SPARE_ROWS, 0);
    const inView = Math.ceil(this.view / this.rowHeight) + 1 + 2 * SPARE_ROWS;
    const end = Math.min(first + inView, this.order.length);
    while (this.pool.length < inView) {
      this.pool.push(this.body.appendChild(this.newRow()));
    }
    const size = this.pool.length;
    const used = new Set();
    for (let at = first; at < end; at += 1) {
      const row = this.pool[at % size];
      used.add(row);
      if (row.dataset.row !== String(at)) {
        this.fill(row, at);
      }
      row.hidden = false;
      row.classList.toggle("active", at === this.active);
      row.style.setProperty("transform", `translateY(${at * this.rowHeight - top + scrolled}px)`);
    }
    for (const row of this.pool) {
      if (!used.has(row)) {
        row.hidden = true;
        row.dataset.row = "";
        row.removeAttribute("id");
      }
    }
    if (this.active >= first && this.active < end) {
      this.root.setAttribute("aria-activedescendant", this.idOf(this.active));
    } else {
      this.root.removeAttribute("aria-activedescendant");
    }
  }

  newRow() {
    const cells = this.columns.map((name) => {
      const place = this.headers.findIndex((header) => columnOf(header) === name) + 1;
      return element("div", {
        role: "gridcell",
        "aria-colindex": String(place),
        "data-column": name,
      });
    });
    return element("div", { role: "row" }, ...cells);
  }

  fill(row, at) {
    const number = this.order[at];
    row.dataset.row = String(at);
    row.dataset.key = this.source.key(number);
    row.id = this.idOf(at);
    row.setAttribute("aria-rowindex", String(at + 2));
    for (const cell of row.children) {
      this.source.cell(cell, number, columnOf(cell));
    }
  }

  idOf(at) {
    return `${this.root.id}-row-${at}`;
  }

  /** Makes a row the active one and brings it into sight. */
  activate(at) {
    this.active = Math.min(Math.max(at, 0), Math.max(this.order.length - 1, 0));
    const scale = this.scale();
    const top = this.active * this.rowHeight;
    const scrolled = this.root.scrollTop * scale;
    if (top < scrolled) {
      this.root.scrollTop = top / scale;
    } else if (top + this.rowHeight > scrolled + this.view) {
      this.root.scrollTop = (top + this.rowHeight - this.view) / scale;
    }
    // At once, so that the row that `aria-activedescendant` names is there when it changes.
    this.draw();
  }

  click(event) {
    const row = event.target.closest("[data-row]");
    if (row && row.dataset.row !== "") {
      const at = Number(row.dataset.row);
      this.activate(at);
      this.root.focus({ preventScroll: true });
      this.source.open?.(this.order[at]);
    }
  }

  press(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(Math.floor(this.view / this.rowHeight) - 1, 1);
    const moves = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.order.length - 1,
    };
    if (event.key in moves) {
      event.preventDefault();
      this.activate(moves[event.key]);
    } else if (event.key === "Enter" && this.order.length > 0) {
      event.preventDefault();
      this.source.open?.(this.order[this.active]);
    }
  }
}

/** The name of the column that a cell or a head belongs to. */
function columnOf(cell) {
  return cell.dataset.column;
}
