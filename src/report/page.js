const detail = document.querySelector(".detail");
for (const mark of document.querySelectorAll("[data-d]"))
  for (const event of ["mouseenter", "focus", "click"])
    mark.addEventListener(event, () => { if (detail) detail.textContent = mark.dataset.d; });
