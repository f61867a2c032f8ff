// A small web server. What it does matters little: it is here for the modules that it links, since
// the build information of Go programs is what scanners look for.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/NVIDIA/nvidia-container-toolkit/pkg/nvcdi/transform"
	"github.com/golang-jwt/jwt/v4"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/html"
	"golang.org/x/net/http2"
	"golang.org/x/text/language"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"gopkg.in/yaml.v3"
)

type settings struct {
	Address string `yaml:"address"`
	Key     string `yaml:"key"`
}

func (s settings) authorised(request *http.Request) error {
	token := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	_, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return []byte(s.Key), nil })
	return err
}

// describe answers what a posted document is: its title, the language asked for, the key it signs.
func (s settings) describe(writer http.ResponseWriter, request *http.Request) {
	if err := s.authorised(request); err != nil {
		http.Error(writer, err.Error(), http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	preferred, _, _ := language.ParseAcceptLanguage(request.Header.Get("Accept-Language"))
	_, comment, _, _, keyError := ssh.ParseAuthorizedKey(body)
	_, pageError := html.Parse(strings.NewReader(string(body)))
	answer, err := structpb.NewStruct(map[string]any{
		"languages": fmt.Sprint(preferred),
		"comment":   comment,
		"problems":  fmt.Sprint(errors.Join(keyError, pageError)),
		"simplify":  transform.NewSimplifier() != nil,
	})
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	text, err := protojson.Marshal(answer)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = writer.Write(text)
}

func main() {
	var chosen settings
	text, err := os.ReadFile("/etc/gateway.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &chosen)
	}
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: chosen.Address, Handler: http.HandlerFunc(chosen.describe)}
	if err := http2.ConfigureServer(server, nil); err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.ListenAndServe())
}
