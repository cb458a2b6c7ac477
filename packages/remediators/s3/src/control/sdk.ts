// Of this package, only this file and ../sdk.ts import SDK clients. This one is loaded at the first call that is about the account, which few buckets need.
import { S3ControlClient, type S3ControlClientConfig } from '@aws-sdk/client-s3-control';

export { GetPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';

/** What has no names below it: an emulator by its address. */
const NO_SUBDOMAINS = /^(?:\d+(?:\.\d+){3}|\[.*\]|localhost)$/;

// The SDK puts the account in front of the host, of a given endpoint too, where `disableHostPrefix` has no effect; 111111111111.127.0.0.1 is no
// host at all. The account is in a header as well.
export class AddressedS3ControlClient extends S3ControlClient {
  constructor(config: S3ControlClientConfig) {
    super(config);
    const resolve = this.config.endpointProvider;
    this.config.endpointProvider = (parameters, context) => {
      const url = parameters.Endpoint === undefined ? null : new URL(parameters.Endpoint);
      if (url === null || !NO_SUBDOMAINS.test(url.hostname)) return resolve(parameters, context);
      // How the call is signed is the SDK's to say.
      return { ...resolve({ ...parameters, Endpoint: 'http://localhost' }, context), url };
    };
  }
}
