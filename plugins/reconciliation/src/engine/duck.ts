export { type Duck, literal, openDuck, whole } from '@hospital-pay/archive';

/** For `read_csv`. Its own buffers of 32 MB each would leave a sort no room beside them, and are not given back in need. */
export const smallBuffers = 'buffer_size = 4194304';
