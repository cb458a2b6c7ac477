// What channels make of messages, and what is known of them before there is one. What makes messages is loaded with the first.
import type { Message } from './message.js';
import { clip } from './text.js';

/** Whether an address is one that pages of a console can stand under. */
export function isConsoleUrl(url: string): boolean {
  return /^(?:http:\/\/127\.0\.0\.1:\d{1,5}|https:\/\/[\w.-]+(?::\d{1,5})?(?:\/[\w.-]+)*)\/?$/.test(url);
}

/** The message in fewer words, until it fits; commands stay. */
export function fitted(message: Message, fits: (message: Message) => boolean): Message {
  if (fits(message)) return message;
  const dropped = 'There is more: the command Explain shows everything.';
  for (const [lines, characters] of [
    [20, 1000],
    [8, 400],
    [3, 200],
    [1, 120],
    [0, 100],
  ] as const) {
    const shorter: Message = {
      ...message,
      title: clip(message.title, Math.max(characters, 120)),
      summary: clip(message.summary, characters),
      facts: message.facts.map(([label, text]) => [label, clip(text, Math.max(characters, 120))]),
      sections: [
        ...(lines === 0
          ? []
          : message.sections.map((each) => ({
              ...each,
              lines: [
                ...each.lines.slice(0, lines).map((line) => clip(line, characters)),
                ...(each.lines.length > lines ? [`… ${each.lines.length - lines} more`] : []),
              ],
            }))),
        { label: 'Shortened', lines: [dropped] },
      ],
    };
    if (fits(shorter)) return shorter;
  }
  // Only a name as long as a page comes here: what answers, and takes back, names no resource.
  const short = (most: number): Message => ({
    ...message,
    title: clip(message.title, 200),
    summary: '',
    facts: [],
    sections: [],
    links: [],
    commands: message.commands.filter((each) => each.command.length <= 500).slice(0, most),
  });
  for (const most of [50, 20, 8]) if (fits(short(most))) return short(most);
  return short(4);
}

/** The message as text, for mail and tickets. */
export function plainText(message: Message): string {
  return [
    message.title,
    ...(message.summary === '' ? [] : ['', message.summary]),
    ...(message.facts.length === 0 ? [] : ['', ...message.facts.map(([label, text]) => `${label}: ${text}`)]),
    ...message.sections.flatMap(({ label, lines, code }) => ['', `${label}:`, ...lines.map((line) => (code === true ? `    ${line}` : `- ${line}`))]),
    ...(message.commands.length === 0 ? [] : ['', ...message.commands.flatMap(({ label, command }) => [`${label}:`, `    ${command}`])]),
    ...(message.links.length === 0 ? [] : ['', ...message.links.map(({ label, url }) => `${label}: ${url}`)]),
  ].join('\n');
}
