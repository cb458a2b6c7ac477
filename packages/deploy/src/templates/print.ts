import { Document, isMap, isPair, isScalar, visit } from 'yaml';
import type { Template } from './template.js';

/** Maximum bytes of a template in a CloudFormation call. A larger template has to be in S3. */
export const MAX_INLINE_BYTES = 51_200;
/** Maximum bytes of a template in CloudFormation. */
export const MAX_TEMPLATE_BYTES = 1_048_576;

/** A template as text: YAML for people, or compact JSON if it is close to a limit. */
export function printTemplate(template: Template, format: 'yaml' | 'json' = 'yaml'): string {
  return format === 'json' ? JSON.stringify(template) : printYaml(template);
}

/** Plain data as YAML for CloudFormation, AWS Config and Systems Manager. */
export function printYaml(value: object): string {
  // No aliases: CloudFormation does not support them. It reads YAML 1.1, so words like `no` are quoted.
  const document = new Document(value, { aliasDuplicateObjects: false, version: '1.1' });
  visit(document, {
    // In flow style, more characters are special than the library quotes.
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && !PLAIN.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
    // Short collections go on one line, which is easier to read than columns of dashes.
    Collection: (_, node) => {
      const isLeaf = node.items.every((item) => isScalar(item) || (isPair(item) && isScalar(item.value)));
      if (isLeaf && (!isMap(node) || node.items.length === 1)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

const PLAIN = /^[A-Za-z][\w./-]*(?:(?:::| )[\w./-]+)*$/;
