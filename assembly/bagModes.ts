// What gatherBags makes of the rows of a bag, numbered as in src/backend/kernels.ts.
export const bagSum: u32 = 0;
export const bagMean: u32 = 1;
export const bagMax: u32 = 2;
