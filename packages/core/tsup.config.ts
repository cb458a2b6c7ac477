import { build } from '../../tsup.config.base.js';

export default build({ index: 'src/index.ts', yaml: 'src/yaml.ts', schema: 'src/schema.ts', cel: 'src/cel.ts' });
