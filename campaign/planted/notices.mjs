// Deliberate defects in notices to people.

/** @type {import('./index.mjs').PlantedBug[]} */
export default [
  {
    promise: 'What a channel did not take is told later.',
    defect: 'it is forgotten',
    file: 'packages/notify/src/lane.ts',
    find: '        this.#hold(message, (earlier?.repeats ?? 0) + 1);\n',
    replace: '',
    tests: ['packages/notify/src'],
  },
  {
    promise: 'What comes back after something else is news.',
    defect: 'it is taken for a repeat',
    file: 'packages/notify/src/lane.ts',
    find: 'this.#told.delete(key);\n    }\n  }',
    replace: 'void key;\n    }\n  }',
    tests: ['packages/notify/src'],
  },
  {
    promise: 'No message holds a secret.',
    defect: 'messages are only made visible',
    file: 'packages/notify/src/text.ts',
    find: 'return visible(redact(text, more));',
    replace: 'return visible(text);',
    tests: ['packages/notify/src'],
  },
  {
    promise: 'No message holds a control character.',
    defect: 'messages are only redacted',
    file: 'packages/notify/src/text.ts',
    find: 'return visible(redact(text, more));',
    replace: 'return redact(text, more);',
    tests: ['packages/notify/src'],
  },
  {
    promise: 'Whoever has to approve something is told by which command, however much is told.',
    defect: 'it is summed up like the rest',
    file: 'packages/notify/src/lane.ts',
    find: 'isNotice(message) || (message.notification !== null && message.notification.approval !== null)',
    replace: 'isNotice(message)',
    tests: ['packages/notify/src/lane.test.ts'],
  },
  {
    promise: 'The notice of a change that comes by itself is told at once and by itself, or reported as not delivered.',
    defect: 'it waits among what was held back',
    file: 'packages/notify/src/lane.ts',
    find: 'const notice = isNotice(message);',
    replace: 'const notice = isNotice(message) && this.held === 0;',
    tests: ['packages/notify/src/lane.test.ts'],
  },
];
