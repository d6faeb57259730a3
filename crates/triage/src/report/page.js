// Without this script the page says the same; with it, one can point at operations, step through them and leave some out.
const detail = document.querySelector(".detail"), stepper = document.querySelector(".stepper");
const drawn = document.querySelector("figure:not(.good)"), now = document.querySelector(".now");
const rows = [...document.querySelectorAll("#operations tbody tr")];
const marks = new Map([...(drawn?.querySelectorAll("[data-n]") ?? [])].map(mark => [mark.dataset.n, mark]));
const object = document.querySelector("#object"), task = document.querySelector("#task");
let shown = rows, at = -1;

function tell(row) {
  const [number, who, did, value] = [...row.cells].map(cell => cell.textContent);
  const place = row.cells[4].title;
  detail.textContent = `${number}  ${who}: ${did}${value && ": " + value}${place && "  " + place}`;
}

// The values of all objects after a row, the latest touched first.
function values(row) {
  const held = new Map();
  for (const before of rows) {
    const { o, v } = before.dataset;
    if (o !== undefined && v !== undefined) { held.delete(o); held.set(o, v); }
    if (before === row) break;
  }
  const lines = [...held].reverse().filter(([name]) => !object.value || name === object.value).slice(0, 12);
  now.querySelector("tbody").replaceChildren(...lines.map(([name, value]) => {
    const line = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    head.textContent = name; cell.textContent = value;
    line.classList.toggle("set", name === row.dataset.o);
    line.append(head, cell);
    return line;
  }));
  now.hidden = lines.length === 0;
}

function go(to) {
  if (to < 0 || to >= shown.length) return;
  for (const old of document.querySelectorAll(".at")) old.classList.remove("at");
  at = to;
  const row = shown[at], mark = marks.get(row.dataset.n);
  row.classList.add("at");
  mark?.classList.add("at");
  mark?.scrollIntoView({ block: "nearest", inline: "nearest" });
  tell(row);
  values(row);
}

function filter() {
  const row = shown[at];
  const fits = row => (!object.value || row.dataset.o === object.value) && (!task.value || row.dataset.t === task.value);
  shown = rows.filter(fits);
  for (const row of rows) {
    row.hidden = !fits(row);
    marks.get(row.dataset.n)?.classList.toggle("off", row.hidden);
  }
  at = shown.indexOf(row);
}

const guilty = () => Math.max(shown.findIndex(row => row.classList.contains("bad")), 0);
if (stepper) {
  stepper.hidden = false;
  for (const button of stepper.querySelectorAll("button"))
    button.addEventListener("click", () => go(at < 0 ? guilty() : at + Number(button.dataset.step)));
  for (const select of [object, task]) select.addEventListener("change", filter);
  document.addEventListener("keydown", event => {
    if (event.target.closest("select, input") || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowLeft: at < 0 ? guilty() : at - 1, ArrowRight: at < 0 ? guilty() : at + 1, Home: guilty() }[event.key];
    if (to !== undefined) { event.preventDefault(); go(to); }
  });
  rows.forEach(row => row.addEventListener("click", () => go(shown.indexOf(row))));
}
for (const mark of document.querySelectorAll("[data-d]"))
  for (const event of ["mouseenter", "focus", "click"])
    mark.addEventListener(event, () => { if (detail) detail.textContent = mark.dataset.d; });
for (const [number, mark] of marks)
  mark.addEventListener("click", () => { const to = shown.findIndex(row => row.dataset.n === number); if (to >= 0) go(to); });
// On a narrow screen the lanes begin at what is wrong.
for (const lanes of document.querySelectorAll(".lanes")) {
  const culprit = lanes.querySelector(".op.bad circle, .op.bad rect:not(.hit)");
  if (!culprit) continue;
  const place = culprit.getBoundingClientRect(), box = lanes.getBoundingClientRect();
  if (place.right > box.right - 120) lanes.scrollLeft = place.left - box.left - 40;
}
