// Sealers on each kind of store: a folder, and a model of DynamoDB and S3 whose requests overlap and whose indexes lag.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import { describeLedger } from '../../test/support/ledger-contract.js';
import { Model } from '../../test/support/model.js';
import { sealing } from '../../test/support/sealing.js';
import { seeded } from '../../test/support/world.js';
import { breakFolder, rotateFolder, sealFolder } from './folder.js';

describeLedger('a folder', async () => {
  const world = sealing();
  const { directory, signer, next, clock } = world;
  return {
    ...world,
    seal: (more = {}) => sealFolder({ directory, signer, clock, ...more }),
    rotate: (more = {}) => rotateFolder({ directory, signer, next, clock, by: 'alice', reason: 'yearly', ...more }),
    break: (more) => breakFolder({ directory, signer, lost: '', clock, by: 'alice', reason: 'the disk failed', ...more }),
    read: async (path) => (existsSync(join(directory, path)) ? readFileSync(join(directory, path)) : null),
    change: async (path, bytes) => writeFileSync(join(directory, path), bytes),
  };
});

let runs = 0;
describeLedger('a model of DynamoDB and S3', async () => ledgerOnAws(new Model('t', 'b', { random: seeded(runs++), lag: 7 }), async () => undefined));
