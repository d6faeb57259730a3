const detail = document.querySelector(".detail");
for (const mark of document.querySelectorAll("[data-d]"))
  for (const event of ["mouseenter", "focus", "click"])
    mark.addEventListener(event, () => { if (detail) detail.textContent = mark.dataset.d; });
// On a narrow screen the lanes begin at what is wrong.
const lanes = document.querySelector(".lanes"), culprit = lanes?.querySelector(".op.bad circle, .op.bad rect:not(.hit)");
if (culprit) {
  const at = culprit.getBoundingClientRect(), box = lanes.getBoundingClientRect();
  if (at.right > box.right - 120) lanes.scrollLeft = at.left - box.left - 40;
}
