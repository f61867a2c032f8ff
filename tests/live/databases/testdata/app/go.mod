module crosscheck.test/databases/testdata/app

go 1.26

require (
	github.com/dgrijalva/jwt-go v3.2.0+incompatible
	golang.org/x/net v0.15.0
)
