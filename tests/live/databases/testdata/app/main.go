// Command app is a program with old dependencies, for scanners to find in an image.
package main

import (
	"fmt"

	"github.com/dgrijalva/jwt-go"
	"golang.org/x/net/html"
)

func main() {
	fmt.Println(html.EscapeString(jwt.SigningMethodHS256.Alg()))
}
