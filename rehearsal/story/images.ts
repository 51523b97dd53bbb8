import type { ConfigEntry } from "../engine/stack";
import { imageOf, PYTHON_REPOSITORY } from "../world/names";
import type { Memory } from "./memory";

/** The next image, and that it is accepted. What was mended comes as one: evidence on the one that failed would never do. */
export function mendedImage(memory: Memory): ConfigEntry[] {
  const image = imageOf(PYTHON_REPOSITORY, memory.nextImage());
  return [
    { key: "cutover:python.image", value: image },
    { key: "cutover:acceptImage", value: image.slice(image.indexOf("@") + 1) },
  ];
}
