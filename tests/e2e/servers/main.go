// Servers of the tests: git repositories and container images over HTTP.
//
//	servers git FOLDER        serves the repositories below a folder with git's own http-backend
//	servers registry FOLDER   serves and keeps images, with the registry of the distribution project
//
// Both listen on a free port of the loopback, and print the URL first. They end with their standard
// input. USERNAME and PASSWORD ask for basic authentication; TLS, a file name, asks for HTTPS, and
// the certificate's authority is written to that file. OLD has git speak the older protocol only, and
// BROKEN damages what it sends. Below "hanging" nothing is answered, and below "trickling" a byte now
// and then.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: servers git|registry FOLDER")
	}
	handler, err := handlerOf(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go endWithStandardInput()
	server := &http.Server{Handler: authenticated(handler)}
	address := listener.Addr().String()
	if authority := os.Getenv("TLS"); authority != "" {
		if server.TLSConfig, err = certificate(authority); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("https://%s\n", address)
		log.Fatal(server.ServeTLS(listener, "", ""))
	}
	fmt.Printf("http://%s\n", address)
	log.Fatal(server.Serve(listener))
}

func handlerOf(kind, folder string) (http.Handler, error) {
	switch kind {
	case "git":
		return repositories(folder)
	case "registry":
		return registry(folder)
	}
	return nil, fmt.Errorf("%q is no server", kind)
}

// repositories serves the plain files below "files", and git repositories everywhere else.
func repositories(folder string) (http.Handler, error) {
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env: []string{
			"GIT_PROJECT_ROOT=" + folder,
			"GIT_HTTP_EXPORT_ALL=1",
			// The repositories are of the user who tests.
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		},
	}
	mux := http.NewServeMux()
	mux.Handle("/files/", http.FileServer(http.Dir(folder)))
	mux.HandleFunc("/hanging/", func(_ http.ResponseWriter, request *http.Request) {
		<-request.Context().Done()
	})
	mux.HandleFunc("/trickling/", trickle)
	mux.HandleFunc("/moved/", func(writer http.ResponseWriter, request *http.Request) {
		to := *request.URL
		to.Path = strings.TrimPrefix(to.Path, "/moved")
		http.Redirect(writer, request, to.String(), http.StatusMovedPermanently)
	})
	mux.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		// CGI gives headers as HTTP_…; the backend reads the version of the protocol from here.
		one := *backend
		if os.Getenv("OLD") == "" {
			one.Env = append(one.Env[:len(one.Env):len(one.Env)], "GIT_PROTOCOL="+request.Header.Get("Git-Protocol"))
		} else {
			request.Header.Del("Git-Protocol")
		}
		if os.Getenv("BROKEN") != "" {
			writer = breaking{writer}
		}
		one.ServeHTTP(writer, request)
	})
	return mux, nil
}

// trickle begins the longest line of git's protocol.
func trickle(writer http.ResponseWriter, request *http.Request) {
	for next := "fff0"; request.Context().Err() == nil; next = "a" {
		io.WriteString(writer, next)
		http.NewResponseController(writer).Flush()
		time.Sleep(200 * time.Millisecond)
	}
}

// breaking changes a byte of each pack.
type breaking struct{ http.ResponseWriter }

func (to breaking) Write(content []byte) (int, error) {
	if start := bytes.Index(content, []byte("PACK")); start >= 0 && start+30 < len(content) {
		content[start+30] ^= 0xff
	}
	return to.ResponseWriter.Write(content)
}

func authenticated(next http.Handler) http.Handler {
	username, password := os.Getenv("USERNAME"), os.Getenv("PASSWORD")
	if username == "" {
		return next
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		name, word, _ := request.BasicAuth()
		if name != username || word != password {
			writer.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(writer, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(writer, request)
	})
}

func endWithStandardInput() {
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
