// Words for people are not mutated: what they say is judged by who reads them. Codes, effects and data are.
const WORDS = new Set(['message']);

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'words',
    value: {
      shouldIgnore(path) {
        if (path.isObjectProperty() && WORDS.has(path.node.key.name)) return 'words for people';
        // allow(code, message, data)
        const { parent } = path;
        return parent?.type === 'CallExpression' && parent.callee.name === 'allow' && parent.arguments[1] === path.node ? 'words for people' : undefined;
      },
    },
  },
];
