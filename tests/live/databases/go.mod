module crosscheck.test/databases

go 1.26
