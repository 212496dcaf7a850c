/* Copyright (c) 2026 the tallyfy.platform authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folded sections: closed on a telephone, open on a wide window and in print. The connection options are closed on a
 * wide window, too. An address with an anchor and the words of a search open the sections that they are in.
 */
"use strict";

const folds = document.querySelectorAll("details.fold");

function openAround(element) {
  for (let fold = element?.closest("details.fold"); fold; fold = fold.parentElement.closest("details.fold")) {
    fold.open = true;
  }
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) {
    return;
  }
  // The anchor of a section is outside its own fold.
  target.querySelectorAll(":scope > details.fold").forEach((fold) => { fold.open = true; });
  openAround(target);
  target.scrollIntoView();
}

const all = (open) => folds.forEach((fold) => { fold.open = open; });
let closed = [];
window.addEventListener("beforeprint", () => { closed = [...folds].filter((fold) => !fold.open); all(true); });
window.addEventListener("afterprint", () => { closed.forEach((fold) => { fold.open = false; }); });
window.addEventListener("hashchange", openTarget);
// Following a link to where one is already changes no address.
document.addEventListener("click", (event) => {
  if (event.target.closest?.(`a[href="${location.hash || "#"}"]`)) {
    openTarget();
  }
});
// Sphinx marks the words of a search 10 ms after the page has been read, which may be after it has been loaded.
const openMarked = () => document.querySelectorAll(".highlighted").forEach(openAround);
window.addEventListener("load", () => setTimeout(openMarked, 20));

if (window.matchMedia("(min-width: 63em)").matches) {
  folds.forEach((fold) => { fold.open = !fold.matches(".shared"); });
}
if (location.hash) {
  openTarget();
}
