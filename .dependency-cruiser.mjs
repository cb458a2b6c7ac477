// The arrows between packages. See docs/architecture.md.
const tests = '(\\.test\\.ts$|/test/|/internal/testing/)';
const within = (name) => `^packages/${name}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'core-has-no-sdk', severity: 'error', from: { path: within('core') }, to: { path: '@aws-sdk|@smithy' } },
    { name: 'core-depends-on-no-package', severity: 'error', from: { path: within('core') }, to: { path: '^packages/(?!core/)|@redress/' } },
    {
      name: 'leaves-depend-on-core-only',
      severity: 'error',
      from: { path: '^packages/(remediators/[^/]+|evidence|lambda-runtime|connect|notify|deploy|frameworks|tracked)/src/', pathNot: tests },
      to: { path: '^packages/(?!core/)', pathNot: ['^packages/$1/'] },
    },
    {
      name: 'testing-depends-on-core-and-evidence',
      severity: 'error',
      from: { path: within('testing'), pathNot: tests },
      to: { path: '^packages/(?!core/|evidence/|testing/)' },
    },
    {
      name: 'only-client-imports-an-sdk',
      severity: 'error',
      from: { path: '^packages/remediators/[^/]+/src/', pathNot: ['/(client|sdk)\\.ts$', tests] },
      to: { path: '@aws-sdk/client-' },
    },
    {
      name: 'nobody-reaches-into-a-package',
      severity: 'error',
      from: { path: '^(packages/(?:remediators/)?[^/]+|examples/[^/]+)/' },
      to: {
        path: '^packages/(?:remediators/)?[^/]+/src/(?!index\\.ts$|parameters\\.ts$|yaml\\.ts$|schema\\.ts$|cel\\.ts$|verify\\.ts$|reconcile\\.ts$|formats\\.ts$|contract\\.ts$|aws\\.ts$|runtime\\.ts$|environment\\.ts$)',
        pathNot: '^$1/',
      },
    },
    {
      // Who checks the evidence shares nothing with who writes it.
      name: 'verify-imports-no-package',
      severity: 'error',
      from: { path: within('verify'), pathNot: tests },
      to: { path: '^packages/(?!verify/)|@redress/|@aws-sdk|@smithy|sqlite|node_modules' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@redress/source', 'import', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
  },
};
