// The regions that a register may name are those that the AWS SDK knows.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { registerSchema } from '@redress/core/schema';
import { expect, it } from 'vitest';

it('the regions of a register are those of the AWS SDK', () => {
  const client = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-ec2'));
  const core = dirname(client.resolve('@aws-sdk/core/package.json'));
  const text = readFileSync(join(core, 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'), 'utf8');
  const known = [...text.matchAll(/"([a-z]+(?:-[a-z]+)+-\d+)": \{/g)].map(([, name]) => name);
  const schema = registerSchema([]) as { items: { properties: { scope: { properties: { region: { anyOf: [{ enum: string[] }] } } } } } };
  const [{ enum: ours }] = schema.items.properties.scope.properties.region.anyOf;
  expect(known.length).toBeGreaterThan(30);
  expect(ours.filter((each) => each !== 'aws-global').sort()).toEqual([...new Set(known)].sort());
});
