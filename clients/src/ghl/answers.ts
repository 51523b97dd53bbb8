import { HttpClient } from "../http/client";
import { HttpError } from "../http/errors";

/** Whether anything answers at a URL. A GET has no effect on a webhook; any answer below 500 shows that a server is there. */
export async function urlAnswers(url: string): Promise<boolean> {
  const http = new HttpClient({ deadlineMs: 5_000, retry: { attempts: 3 } });
  try {
    return (
      (await http.send({ method: "GET", path: url.trim(), headers: { "x-cutover-synthetic": "destroy" } })).status < 500
    );
  } catch (error) {
    if (error instanceof HttpError) return false;
    throw error;
  } finally {
    http.close();
  }
}
