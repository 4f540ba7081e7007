import { type Away, s3Environment, s3Storage } from './s3';
import { type ArchiveStorage, folderStorage } from './storage';

export { type Duck, literal, openDuck, whole } from './duck';
export { type ArchiveStorage, folderStorage, TakenByOther, writeNew } from './storage';

/** A folder; with `S3_BUCKET` a bucket, and the folder as this machine's copy. `away`: the error of a bucket out of reach. */
export const openStorage = (environment: NodeJS.ProcessEnv, folder: string, away: Away): ArchiveStorage =>
  environment.S3_BUCKET ? s3Storage(s3Environment.parse(environment), folder, away) : folderStorage(folder);
