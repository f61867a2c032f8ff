// Data blocks: JSON, compressed with gzip, as Base64 in elements that no browser runs.

/** Blocks of details that stay inflated. */
const KEPT_BLOCKS = 8;

/** The bytes that a text in Base64 stands for. */
function fromBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) {
    bytes[at] = letters.charCodeAt(at);
  }
  return bytes;
}

/** What the block with that id holds. */
async function readBlock(id) {
  const bytes = fromBase64(byId(id).textContent);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(inflated).json();
}

const keptBlocks = new Map();

/** The details of the finding with that number in the report. */
async function readDetail(row, blockSize) {
  const number = Math.floor(row / blockSize);
  let block = keptBlocks.get(number);
  if (!block) {
    block = readBlock(`data-details-${number}`);
    keptBlocks.set(number, block);
    if (keptBlocks.size > KEPT_BLOCKS) {
      keptBlocks.delete(keptBlocks.keys().next().value);
    }
  }
  return (await block)[row % blockSize];
}
