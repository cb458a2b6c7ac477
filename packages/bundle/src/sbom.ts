import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import parseExpression from 'spdx-expression-parse';

/** A package whose code is in a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, or what the package says; null when it says nothing. */
  readonly license: string | null;
  /** Bytes of it in the bundle; 0 where its code is in that of another package, and counted there. */
  readonly bytes: number;
}

/**
 * The packages in a bundle as a CycloneDX 1.6 document. It has no serial number and no time: the same packages are the same bytes.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(packages: readonly BundledPackage[], bundle: { readonly name: string; readonly version: string }): string {
  const licenses = new Contrib.License.Factories.LicenseFactory(parseExpression);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: new Models.Component(Enums.ComponentType.Application, bundle.name, { version: bundle.version, bomRef: 'bundle' }),
    }),
  });
  for (const { name, version, license } of packages) {
    const [scope, short] = name.startsWith('@') ? (name.split('/') as [string, string]) : [null, name];
    const purl = new PackageURL('npm', scope, short, version, null, null).toString();
    const component = new Models.Component(Enums.ComponentType.Library, short, {
      ...(scope === null ? {} : { group: scope }),
      version,
      bomRef: purl,
      purl,
    });
    if (license !== null) component.licenses.add(licenses.makeFromString(license));
    bom.components.add(component);
    bom.metadata.component?.dependencies.add(component.bomRef);
  }
  return new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)).serialize(bom, { sortLists: true, space: 2 });
}
