import manifest from '../package.json' with { type: 'json' };

/** What goes into records as the origin of what is tracked. */
export const packageRef = { name: manifest.name, version: manifest.version };
