/** The folder of the repository. */
export const ROOT: string;
/** Node 24, which everything here runs on. */
export const NODE: string;
/** Python of the emulator's virtual environment. */
export const PYTHON: string;
/** Where a tool is; `setup` or `install` puts it there. */
export function folderOf(name: 'prowler' | 'awscli' | 'cfn-guard' | 'cdk-nag' | 'event-ruler' | 'versitygw' | 'litewitness' | 'sumdb-note' | 'tessera'): string;
/** The version that a tool is pinned to. */
export function versionOf(name: string): string;
/** Python of a tool. */
export function pythonOf(
  name: 'moto' | 'ministack' | 'checkov' | 'botocore' | 'prowler' | 'cfn-lint' | 'c7n' | 'ocsf-json-schema' | 'compliance-trestle',
): string;
