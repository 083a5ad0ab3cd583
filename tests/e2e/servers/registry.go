package main

import (
	"context"
	"net/http"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
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
	settings.Log.Level = "error"
	return handlers.NewApp(context.Background(), settings), nil
}
