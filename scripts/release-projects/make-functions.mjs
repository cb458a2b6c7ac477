// Makes the ZIP of the functions, twice, from the packages that are installed here.
import { writeFileSync } from 'node:fs';
import { bundle, entryText } from '@redress/bundle';

const policy = {
  version: 1,
  environments: { dev: { accounts: ['123456789012'] } },
  remediators: { 's3-enforce-default-encryption': { dev: 'enforce' } },
};
const remediators = { '@redress/remediator-s3': 's3Remediators', '@redress/remediator-ssm': 'runbookRemediators' };
const made = async () => bundle({ entry: { text: entryText({ remediators, policy, exceptions: [] }) } });
const [one, other] = [await made(), await made()];
writeFileSync('redress.zip', one.zip);
const packages = one.packages.map(({ name, version }) => `${name}@${version}`);
console.log(JSON.stringify({ digests: [one.digest, other.digest], files: [...one.files.keys()], packages }));
