import { build } from '../../tsup.config.base.js';

export default build({ index: 'src/index.ts', verify: 'src/verify.ts', contract: 'src/contract.ts', aws: 'src/aws.ts' });
