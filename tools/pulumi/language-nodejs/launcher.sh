#!/bin/sh
# Stands as `pulumi-language-nodejs` before the host that is built from its Go module (tools/setup/pulumi.mjs). That host takes the
# options of Pulumi.yaml as flags; today's engine sends them with each call, which it does not know. So it ran every program under
# ts-node, whatever Pulumi.yaml says. The engine starts it in the project's folder.
option() {
  [ -f Pulumi.yaml ] && sed -n "s/^ *$1: *//p" Pulumi.yaml
}
typescript=$(option typescript)
nodeargs=$(option nodeargs)
exec "$0-built" ${typescript:+"-typescript=$typescript"} ${nodeargs:+"-nodeargs=$nodeargs"} "$@"
