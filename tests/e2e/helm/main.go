// Helm itself, at the version that go.mod names.
package main

import (
	"fmt"
	"os"

	command "helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

func main() {
	kube.ManagedFieldsManager = "helm"
	root, err := command.NewRootCmd(os.Stdout, os.Args[1:], command.SetupLogging)
	if err == nil {
		err = root.Execute()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
