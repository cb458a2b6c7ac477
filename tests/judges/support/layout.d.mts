/** What is wider than there is room, and texts that lie over each other; runs in the page. */
export function layoutFaults(): string[];
