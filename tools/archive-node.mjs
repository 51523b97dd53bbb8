// Called by the archive component: puts Node's repository into the archive bucket and prints the manifest.
import { createRequire } from "node:module";

const { archiveNode } = createRequire(import.meta.url)("@cutover/clients/archive/archive-node");
const { REPOSITORY = "", BUCKET = "", IMAGE = "" } = process.env;
try {
  console.log(JSON.stringify(await archiveNode({ repository: REPOSITORY, bucket: BUCKET, image: IMAGE })));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
