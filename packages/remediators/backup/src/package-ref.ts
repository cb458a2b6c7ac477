import manifest from '../package.json' with { type: 'json' };

/** What goes into plans and records as the origin of this package's remediators. */
export const packageRef = { name: manifest.name, version: manifest.version };
