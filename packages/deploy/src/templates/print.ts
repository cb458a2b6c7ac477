import { Document, isMap, isPair, isScalar, visit } from 'yaml';
import type { Template } from './template.js';

/** How many bytes of template CloudFormation accepts in a call; more have to come from S3. */
export const MAX_INLINE_BYTES = 51_200;
/** How many bytes of template CloudFormation accepts at all. */
export const MAX_TEMPLATE_BYTES = 1_048_576;

/** A template as text: YAML for people, JSON without spaces for what is near to a limit. */
export function printTemplate(template: Template, format: 'yaml' | 'json' = 'yaml'): string {
  return format === 'json' ? JSON.stringify(template) : printYaml(template);
}

/** Plain data as YAML that CloudFormation, AWS Config and Systems Manager read. */
export function printYaml(value: object): string {
  // No aliases: CloudFormation knows none. 1.1 is what it reads: words like `no` get quotes.
  const document = new Document(value, { aliasDuplicateObjects: false, version: '1.1' });
  visit(document, {
    // Within brackets more signs mean something than the library looks for.
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && !PLAIN.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
    // One line for what fits into one: shorter, and easier to read than columns of dashes.
    Collection: (_, node) => {
      const isLeaf = node.items.every((item) => isScalar(item) || (isPair(item) && isScalar(item.value)));
      if (isLeaf && (!isMap(node) || node.items.length === 1)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

const PLAIN = /^[A-Za-z][\w./-]*(?:(?:::| )[\w./-]+)*$/;
