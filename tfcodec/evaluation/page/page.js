"use strict";
for (const pair of document.querySelectorAll(".pair")) {
  const stage = pair.querySelector(".stage");
  const range = pair.querySelector("input");
  const button = pair.querySelector("button");
  const show = (percent) => {
    const cut = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--cut", cut + "%");
    range.value = cut;
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    show(100 * (event.clientX - box.left) / box.width);
  };
  range.addEventListener("input", () => show(Number(range.value)));
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    const on = stage.classList.toggle("original");
    button.setAttribute("aria-pressed", String(on));
  });
}
