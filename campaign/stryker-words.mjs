// Words for people are not mutated: what they say is judged by who reads them. Codes, effects and data are.
const MESSAGES = new Set(['message']);
/** Members and constants that may hold other things too: they are words where they have a sentence in them. */
const SENTENCES = new Set(['next', 'reason', 'because', 'what', 'why', 'hint', 'annotation']);
/** Which arguments are words, whatever they are made of. */
const ARGUMENTS = new Map([
  ['allow', [1]],
  ['warn', [0]],
]);
/** Functions whose sentences are words; a code or a status is no sentence. */
const SPEAKING = new Set(['refuse', 'close', 'busy', 'needJournal', 'unreadable', 'corrupt', 'invalid', 'wrong', 'report']);

/** Whether a value is a text of more than one word, whichever of its alternatives is taken. */
function isSentence(node) {
  switch (node?.type) {
    case 'StringLiteral':
      return /\s/.test(node.value);
    case 'TemplateLiteral':
      return node.quasis.some((each) => /\s/.test(each.value.raw));
    case 'ConditionalExpression':
      return isSentence(node.consequent) && isSentence(node.alternate);
    case 'LogicalExpression':
      return isSentence(node.right);
    case 'BinaryExpression':
      return node.operator === '+' && (isSentence(node.left) || isSentence(node.right));
    default:
      return false;
  }
}

function isWords({ node, parent }) {
  // Nothing but what to do next.
  if (node.type === 'ObjectExpression')
    return node.properties.length > 0 && node.properties.every((each) => each.type === 'ObjectProperty' && isWords({ node: each }));
  if (node.type === 'ObjectProperty') return MESSAGES.has(node.key.name) || (SENTENCES.has(node.key.name) && isSentence(node.value));
  if (node.type === 'VariableDeclarator') return (MESSAGES.has(node.id.name) || SENTENCES.has(node.id.name)) && isSentence(node.init);
  if (parent?.type === 'NewExpression') return parent.callee.name === 'RedressError' && parent.arguments[1] === node;
  if (parent?.type !== 'CallExpression') return false;
  const called = parent.callee.name ?? parent.callee.property?.name;
  const at = parent.arguments.indexOf(node);
  return ARGUMENTS.get(called)?.includes(at) === true || (SPEAKING.has(called) && at >= 0 && isSentence(node));
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'words', value: { shouldIgnore: (path) => (isWords(path) ? 'words for people' : undefined) } }];
