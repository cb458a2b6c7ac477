// Text for people is not mutated: its readers judge it. Codes, effects and data are mutated.
const MESSAGES = new Set(['message']);
/** Members and constants that may also hold other values. They count as text if they contain a sentence. */
const SENTENCES = new Set(['next', 'reason', 'because', 'what', 'why', 'hint', 'annotation']);
/** Arguments that are text, whatever they are made of. */
const ARGUMENTS = new Map([
  ['allow', [1]],
  ['warn', [0]],
]);
/** Functions whose sentences are text. A code or a status is not a sentence. */
const SPEAKING = new Set(['refuse', 'close', 'busy', 'needJournal', 'unreadable', 'corrupt', 'invalid', 'wrong', 'report']);

/** Whether a value is a text of more than one word, in any of its alternatives. */
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
  // Nothing but the next step.
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
