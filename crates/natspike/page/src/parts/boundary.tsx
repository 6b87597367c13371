/**
 * What stands in the place of a view that failed to draw itself.
 *
 * **Invariants.** The shell stays; another address draws anew.
 */
import { Component, type ComponentChildren } from "preact";
import { Problem as Failure } from "../api/client.ts";
import { Problem } from "./notice.tsx";

interface State {
  failure: Failure | undefined;
}

export class Boundary extends Component<{ children: ComponentChildren }, State> {
  override state: State = { failure: undefined };

  static override getDerivedStateFromError(cause: unknown): State {
    const said = cause instanceof Error ? cause.message : String(cause);
    const detail = `The page could not draw this: ${said}. Try again; if it stays so, the JSON of the report has everything.`;
    return { failure: new Failure({ title: "This view failed", detail, name: "ViewFailed" }) };
  }

  override render() {
    const { failure } = this.state;
    return failure ? (
      <Problem error={failure} retry={() => this.setState({ failure: undefined })} />
    ) : (
      this.props.children
    );
  }
}
