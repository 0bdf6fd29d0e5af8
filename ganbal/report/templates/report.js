"use strict";
// Everything is readable without this script; it makes tables sortable and figures large.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  if (table.tBodies[0].rows.length < 2) continue;
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortRows(table.tBodies[0], column, heading.classList.contains("number"), descending);
    });
  });
}

function sortRows(body, column, numeric, descending) {
  const keyed = [...body.rows].map((row) => {
    const cell = row.cells[column];
    return { row, key: numeric ? parseFloat(cell.dataset.value) : cell.textContent.trim() };
  });
  keyed.sort((a, b) => {
    if (!numeric) return (descending ? -1 : 1) * a.key.localeCompare(b.key, "en", { numeric: true });
    if (Number.isNaN(a.key) || Number.isNaN(b.key)) return Number.isNaN(a.key) - Number.isNaN(b.key);
    return descending ? b.key - a.key : a.key - b.key;
  });
  body.append(...keyed.map((entry) => entry.row));
}

// A box that does not scroll needs no place in the order of the Tab key.
const boxes = document.querySelectorAll(".table-box, pre");
const settleBoxes = () =>
  boxes.forEach((box) => {
    box.tabIndex = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight ? 0 : -1;
  });
addEventListener("resize", settleBoxes);
settleBoxes();
document.querySelectorAll("details").forEach((fold) => fold.addEventListener("toggle", settleBoxes));

// A click on a figure shows it as large as the window allows; a second click, Escape or the button closes it.
const dialog = document.querySelector("#enlarged");
const stage = dialog.querySelector(".stage");
document.querySelectorAll("figure .view").forEach((view) => {
  const picture = view.querySelector("img, svg");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "enlarge";
  button.setAttribute("aria-label", "Enlarge");
  view.append(button);
  view.addEventListener("click", () => {
    const copy = picture.cloneNode(true);
    copy.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
    stage.replaceChildren(copy);
    dialog.showModal();
  });
});
stage.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => stage.replaceChildren());

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new Set();
const watcher = new IntersectionObserver(
  (changes) => {
    changes.forEach(({ target, isIntersecting }) => (isIntersecting ? seen.add(target.id) : seen.delete(target.id)));
    const current = [...links.keys()].find((name) => seen.has(name));
    links.forEach((link, name) =>
      name === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"),
    );
  },
  { rootMargin: "-80px 0px -60% 0px" },
);
links.forEach((_, name) => watcher.observe(document.getElementById(name)));
