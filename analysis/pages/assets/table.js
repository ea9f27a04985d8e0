"use strict";
// Tables: sorted by their headings, copied as CSV in the order and with the rows that are seen.
document.documentElement.classList.add("scripts");
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const keyOf = (cell) => cell.dataset.key ?? cell.textContent;

  function compare(a, b, numeric, sign) {
    if (a === "" || b === "") return (a === "") - (b === ""); // what is missing is last, whichever way
    return sign * (numeric ? Number(a) - Number(b) : collator.compare(a, b));
  }

  function sort(table, column, descending) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const numeric = rows.every((row) => !Number.isNaN(Number(keyOf(row.cells[column]))));
    const sign = descending ? -1 : 1;
    rows.sort((one, other) => compare(keyOf(one.cells[column]), keyOf(other.cells[column]), numeric, sign));
    body.append(...rows);
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      if (place === column) heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
  }

  const quote = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

  function toCsv(table) {
    const sheet = data.tables[Number(table.dataset.sheet)];
    const seen = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const lines = [sheet.columns, ...seen.map((row) => sheet.rows[Number(row.dataset.row)])];
    return lines.map((line) => line.map(quote).join(",")).join("\r\n") + "\r\n";
  }

  function copyBySelection(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "aside";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copy(button, text) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = copyBySelection(text); // a browser may refuse the clipboard to a file
    }
    const before = button.textContent;
    button.textContent = done ? "Copied" : "Cannot copy here";
    button.disabled = true;
    setTimeout(() => {
      button.textContent = before;
      button.disabled = false;
    }, 1200);
  }

  function addSorting(table) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        const first = heading.classList.contains("number") && column > 0 ? "descending" : "ascending";
        sort(table, column, now === null ? first === "descending" : now === "ascending");
      });
    });
  }

  for (const table of document.querySelectorAll("table.sheet")) addSorting(table);
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const table = document.querySelector(`table[data-sheet="${button.dataset.copy}"]`);
    button.addEventListener("click", () => copy(button, toCsv(table)));
  }
  for (const command of document.querySelectorAll("pre.command")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.className = "copy";
    const text = command.textContent;
    button.addEventListener("click", () => copy(button, text));
    const typed = document.createElement("div");
    typed.className = "typed";
    command.replaceWith(typed);
    typed.append(command, button);
  }

  window.breakeven = {
    data,
    copy,
    show(cells) {
      for (const row of document.querySelectorAll("table.sheet tbody tr")) {
        row.hidden = !cells.has(row.dataset.cell);
      }
    },
  };
})();
