import type { MeasuredBacktest } from "./table";
export const MEASURED: MeasuredBacktest = { definitions: "", options: undefined as never, together: [], faults: [] };
