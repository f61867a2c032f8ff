// Searching, filtering and sorting rows whose texts are numbers of one list of texts. A text is looked
// at once, however many rows have it.

class Rows {
  /** @param {Object} data `strings`, and `columns` by name: for each row the number of its text */
  constructor(data) {
    this.strings = data.strings;
    this.columns = data.columns;
    this.orders = data.orders ?? {};
    this.length = Object.values(data.columns)[0]?.length ?? 0;
    this.sorted = new Map();
  }

  /** Whether there is such a column. An address can name any property of an object. */
  has(column) {
    return Object.hasOwn(this.columns, column);
  }

  /** The text of a row. */
  text(row, column) {
    return this.strings[this.columns[column][row]];
  }

  /**
   * For each row whether every word of the query is in one of the columns.
   * @returns {Uint8Array|null} null when there is nothing to search for
   */
  matching(query, columns) {
    const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) {
      return null;
    }
    this.lower ??= this.strings.map((text) => text.toLowerCase());
    const matches = new Uint8Array(this.length).fill(1);
    for (const word of words) {
      const hits = new Uint8Array(this.lower.length);
      this.lower.forEach((text, number) => {
        hits[number] = text.includes(word) ? 1 : 0;
      });
      const searched = columns.map((name) => this.columns[name]);
      for (let row = 0; row < this.length; row += 1) {
        matches[row] &= searched.some((column) => hits[column[row]] === 1) ? 1 : 0;
      }
    }
    return matches;
  }

  /** All rows by a column; by their own order where its texts are the same. */
  sortedBy(column, isDescending) {
    const name = `${column} ${isDescending}`;
    if (!this.sorted.has(name)) {
      const ranks = this.ranks(column);
      const of = this.columns[column];
      const sign = isDescending ? -1 : 1;
      const rows = this.inOrder().sort((a, b) => sign * (ranks.get(of[a]) - ranks.get(of[b])) || a - b);
      this.sorted.set(name, rows);
    }
    return this.sorted.get(name);
  }

  /** All rows as they are. */
  inOrder() {
    return Uint32Array.from({ length: this.length }, (_, row) => row);
  }

  /** The place of each text of a column among its texts, numbers in them by their value. */
  ranks(column) {
    const order = this.orders[column];
    const numbers = [...new Set(this.columns[column])];
    const keys = new Map(
      numbers.map((number) => {
        const text = this.strings[number];
        const key = order
          ? String(order.indexOf(text) + 1).padStart(4, "0")
          : text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
        return [number, key];
      }),
    );
    numbers.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : Number(keys.get(a) > keys.get(b))));
    return new Map(numbers.map((number, rank) => [number, rank]));
  }
}

/** One property that rows are filtered by, with its check boxes. */
class FacetFilter {
  constructor(facet, fieldset) {
    this.name = facet.name;
    this.values = facet.values;
    this.sets = facet.sets;
    this.rows = facet.rows;
    this.boxes = fieldset
      ? [...fieldset.querySelectorAll("input[type=checkbox]")].map((box) => ({
          box,
          value: facet.values.indexOf(box.value),
          count: box.parentElement.querySelector(".count"),
        }))
      : [];
  }

  /** The names of the values that are chosen. */
  get chosen() {
    return this.boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  }

  set chosen(names) {
    for (const { box } of this.boxes) {
      box.checked = names.includes(box.value);
    }
  }

  /** For each combination of values whether it passes; null when nothing is chosen. */
  passing() {
    const chosen = new Set(this.boxes.filter(({ box }) => box.checked).map(({ value }) => value));
    if (chosen.size === 0) {
      return null;
    }
    return this.sets.map((set) => set.some((value) => chosen.has(value)));
  }

  /** Shows how many rows each value would give. */
  showCounts(bySet) {
    const byValue = new Array(this.values.length).fill(0);
    this.sets.forEach((set, number) => {
      for (const value of set) {
        byValue[value] += bySet[number];
      }
    });
    for (const { value, count } of this.boxes) {
      count.textContent = String(byValue[value] ?? 0);
    }
  }
}

/**
 * The rows of `order` that match and pass all facets. The counts of each facet are those under the
 * choices in all others.
 */
function filterRows(order, matches, facets) {
  const passing = facets.map((facet) => facet.passing());
  const counts = facets.map((facet) => new Uint32Array(facet.sets.length));
  const kept = [];
  for (const row of order) {
    if (matches && matches[row] === 0) {
      continue;
    }
    let failed = -1;
    let failures = 0;
    for (let at = 0; at < facets.length && failures < 2; at += 1) {
      if (passing[at] && !passing[at][facets[at].rows[row]]) {
        failed = at;
        failures += 1;
      }
    }
    if (failures === 0) {
      kept.push(row);
      facets.forEach((facet, at) => {
        counts[at][facet.rows[row]] += 1;
      });
    } else if (failures === 1) {
      counts[failed][facets[failed].rows[row]] += 1;
    }
  }
  facets.forEach((facet, at) => facet.showCounts(counts[at]));
  return Uint32Array.from(kept);
}
