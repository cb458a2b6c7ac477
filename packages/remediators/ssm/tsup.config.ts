import { build } from '../../../tsup.config.base.js';

export default build({ index: 'src/index.ts' });
