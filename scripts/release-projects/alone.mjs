// In a project that has nothing but core and the remediator package that is named: its list composes, and knows which version it is.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createRedress, definePolicy } from '@redress/core';

const [name] = process.argv.slice(2);
const remediators = Object.values(await import(name)).find(Array.isArray);
const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`${name}/package.json`), 'utf8'));
const connect = async () => {
  throw new Error('nothing is read here');
};
createRedress({ remediators, policy: definePolicy({ version: 1 }), connect }).close();
console.log(JSON.stringify({ version, remediators: remediators.map(({ id, package: from }) => ({ id, from: `${from.name}@${from.version}` })) }));
