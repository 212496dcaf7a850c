/* Copyright (c) 2026 the tallyfy.platform authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks at the page that is open, as it is and with its folds open, in the light and in the dark, and returns what is
 * wrong with it: a list of sentences that name the element. Run by test_site.py, as the body of a function;
 * arguments[0] is how high the page may be, or null.
 */
const MAX_HEIGHT = arguments[0];
const READABLE_CONTRAST = 4.5; // WCAG 2, level AA
const problems = [];
const width = document.documentElement.clientWidth;

// What waits outside the window until somebody asks for it.
const WAITING = ".skip-to-content, .back-to-top, .sr-only, .visually-hidden, .sidebar-toggle, .overlay";
const drawers = [...document.querySelectorAll(".sidebar-drawer, .toc-drawer")];
const outside = drawers.filter((drawer) => {
  const box = drawer.getBoundingClientRect();
  return box.right <= 0 || box.left >= width;
});

function path(element) {
  const own = element.tagName.toLowerCase() + (element.id ? `#${element.id}` : "");
  const classes = [...element.classList].slice(0, 2).map((name) => `.${name}`).join("");
  const section = element.closest("section[id]");
  return `<${own}${classes}>` + (section && section !== element ? ` in #${section.id}` : "");
}

const excerpt = (text) => JSON.stringify(text.trim().replace(/\s+/g, " ").slice(0, 50));

function isWaiting(element) {
  return element.closest(WAITING) || outside.some((drawer) => drawer.contains(element));
}

/* The nearest element around this one that scrolls sideways, or cuts off what is wider. */
function clipOf(element, ways) {
  for (let around = element; around && around !== document.body; around = around.parentElement) {
    const style = getComputedStyle(around);
    if (ways.includes(style.overflowX) && style.display !== "inline") {
      return around;
    }
  }
  return null;
}

const isForCodeOrTables = (element) => element.matches("pre, .highlight, .table-wrapper, table, .math-wrapper");

function visibleTexts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.matches("script, style, noscript, title") || isWaiting(element)) {
      continue;
    }
    if (element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) {
      found.push({ node, element });
    }
  }
  return found;
}

function rectanglesOf(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()].filter((box) => box.width > 1 && box.height > 1);
}

/* [red, green, blue, alpha], whichever way the browser writes the colour. */
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const pen = canvas.getContext("2d", { willReadFrequently: true });
const colours = new Map();
function parse(colour) {
  if (!colours.has(colour)) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    colours.set(colour, [red, green, blue, alpha / 255]);
  }
  return colours.get(colour);
}

const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);

function background(element, known) {
  if (!element) {
    return [255, 255, 255, 1];
  }
  if (!known.has(element)) {
    const colour = parse(getComputedStyle(element).backgroundColor);
    known.set(element, colour[3] === 1 ? colour : over(colour, background(element.parentElement, known)));
  }
  return known.get(element);
}

function luminance(colour) {
  const [red, green, blue] = colour.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(element, known) {
  const ground = background(element, known);
  const ink = over(parse(getComputedStyle(element).color), ground);
  const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function checkHeight() {
  const height = document.documentElement.scrollHeight;
  if (MAX_HEIGHT && height > MAX_HEIGHT) {
    const parts = [...document.querySelectorAll("article section section, footer")]
      .map((part) => [Math.round(part.getBoundingClientRect().height), path(part)])
      .sort((a, b) => b[0] - a[0])
      .slice(0, 4)
      .map(([high, name]) => `${name} ${high}`);
    const screens = (height / 844).toFixed(1);
    problems.push(`${height} px high, ${screens} screens; at most ${MAX_HEIGHT}. Highest: ${parts.join("; ")}`);
  }
}

function checkRoom() {
  const wide = document.documentElement.scrollWidth;
  if (wide > width) {
    problems.push(`the page scrolls sideways: ${wide} px in ${width}`);
  }
  const boxes = visibleTexts().flatMap(({ node, element }) =>
    rectanglesOf(node).map((box) => ({ box, element, text: node.data })));
  document.querySelectorAll("img, svg, video, iframe").forEach((element) => {
    if (!isWaiting(element) && element.checkVisibility()) {
      boxes.push({ box: element.getBoundingClientRect(), element, text: element.getAttribute("alt") || "" });
    }
  });
  for (const { box, element, text } of boxes) {
    const scroller = clipOf(element, ["auto", "scroll"]);
    if (scroller && scroller.scrollWidth > scroller.clientWidth + 1 && !isForCodeOrTables(scroller)) {
      problems.push(`${path(scroller)} scrolls sideways and is neither code nor a table`);
    }
    const clip = clipOf(element, ["hidden", "clip"]);
    const inner = clip && (!scroller || scroller.contains(clip)) ? clip.getBoundingClientRect() : null;
    if (inner && (box.right > inner.right + 1 || box.left < inner.left - 1 || box.bottom > inner.bottom + 4)) {
      problems.push(`${path(element)} ${excerpt(text)} is cut off by ${path(clip)}`);
    } else if (!(scroller && isForCodeOrTables(scroller)) && (box.right > width + 1 || box.left < -1)) {
      const place = `${Math.round(box.left)} to ${Math.round(box.right)} px`;
      problems.push(`${path(element)} ${excerpt(text)} is outside the window: ${place}`);
    }
  }
}

function checkPictures() {
  document.querySelectorAll("img").forEach((image) => {
    if (!image.complete || image.naturalWidth === 0) {
      problems.push(`the picture ${image.getAttribute("src")} does not load`);
    }
    if (!image.alt) {
      problems.push(`the picture ${image.getAttribute("src")} has no alternative text`);
    }
  });
}

function checkColours(theme) {
  document.body.dataset.theme = theme;
  const known = new Map();
  for (const { element, node } of visibleTexts()) {
    const found = contrast(element, known);
    if (found < READABLE_CONTRAST && rectanglesOf(node).length) {
      const text = `${path(element)} ${excerpt(node.data)}`;
      problems.push(`${theme}: ${text} has a contrast of ${found.toFixed(1)} to its ground`);
    }
  }
}

// Colours must not be on their way from one to the other.
document.head.insertAdjacentHTML("beforeend", "<style>* { transition: none !important; }</style>");
checkHeight();
checkRoom();
document.querySelectorAll("details").forEach((fold) => { fold.open = true; });
checkRoom();
checkPictures();
checkColours("light");
checkColours("dark");
return [...new Set(problems)];
