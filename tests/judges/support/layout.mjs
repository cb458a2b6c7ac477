/** What is wider than there is room, and texts that lie over each other. A browser runs it, in the page: plain script, with what a browser has. */
export function layoutFaults() {
  const found = [];
  const { documentElement: root } = document;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide, of ${root.clientWidth}`);
  for (const element of document.querySelectorAll('body *:not(.hidden):not(svg *)')) {
    const { left, right, width } = element.getBoundingClientRect();
    const isHidden = getComputedStyle(element).clipPath === 'inset(50%)' || element.closest('.hidden, thead') !== null;
    if (!isHidden && width > 0 && (left < -0.5 || right > root.clientWidth + 0.5)) found.push(`${element.tagName} goes from ${left} to ${right}`);
    if (!isHidden && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline') found.push(`${element.tagName} is cut`);
  }
  // Cells of a row beside each other.
  for (const row of document.querySelectorAll('tr, dl.facts')) {
    const boxes = [...row.children].filter((each) => each.getBoundingClientRect().width > 1).map((each) => each.getBoundingClientRect());
    for (const [at, one] of boxes.entries())
      for (const other of boxes.slice(at + 1))
        if (one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1)
          found.push('two cells overlap');
  }
  for (const chart of document.querySelectorAll('svg')) {
    const { width } = chart.viewBox.baseVal;
    for (const each of chart.querySelectorAll('text')) {
      const box = each.getBBox();
      if (box.x < -0.5 || box.x + box.width > width + 0.5) found.push(`a text of a chart goes from ${box.x} to ${box.x + box.width}`);
    }
  }
  return [...new Set(found)].slice(0, 20);
}
