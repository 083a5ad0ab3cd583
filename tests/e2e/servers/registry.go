package main

import (
	"context"
	"net/http"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"
)

// registry keeps images below a folder.
func registry(folder string) (http.Handler, error) {
	settings := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem": configuration.Parameters{"rootdirectory": folder},
			"delete":     configuration.Parameters{"enabled": true},
		},
	}
	settings.HTTP.Secret = "a secret of a test"
	// The setting of the level is of the registry's own program.
	logrus.SetLevel(logrus.FatalLevel)
	return handlers.NewApp(context.Background(), settings), nil
}
