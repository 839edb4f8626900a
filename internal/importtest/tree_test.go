package importtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// line is one import in one file.
type line struct {
	pkg  string // as the table names it: path below internal/, or from the root
	file string // with line, as an editor takes it
	path string
	test bool
}

// tree is what the files of the module say: its packages and all their imports.
type tree struct {
	module   string
	packages map[string]bool
	imports  []line
}

// roots are the folders whose packages the table must hold.
var roots = []string{"internal", "client", "cmd"}

// readTree reads the import lines of every Go file under the roots, whatever its
// build tags, so no file escapes by the system it is built for.
func readTree(root fs.FS) (*tree, error) {
	mod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return nil, err
	}
	t := &tree{packages: map[string]bool{}}
	if _, err := fmt.Sscanf(string(mod), "module %s", &t.module); err != nil {
		return nil, fmt.Errorf("go.mod: %w", err)
	}
	for _, dir := range roots {
		if _, err := fs.Stat(root, dir); err != nil {
			continue
		}
		err := fs.WalkDir(root, dir, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && ignored(d.Name()):
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(name, ".go"):
				return nil
			}
			return t.read(root, name)
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// ignored are the folders that the go command does not look into either.
func ignored(dir string) bool {
	return dir == "testdata" || strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_")
}

func (t *tree) read(root fs.FS, name string) error {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, parser.ImportsOnly)
	if err != nil {
		return err
	}
	pkg := short(path.Dir(name))
	t.packages[pkg] = true
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		at := set.Position(spec.Pos())
		t.imports = append(t.imports, line{pkg, fmt.Sprintf("%s:%d", name, at.Line), p, strings.HasSuffix(name, "_test.go")})
	}
	return nil
}

// short is a package's folder as the table names it.
func short(dir string) string { return strings.TrimPrefix(dir, "internal/") }

// ours is the table's name of a package of this module.
func (t *tree) ours(importPath string) (string, bool) {
	if importPath == t.module {
		return ".", true
	}
	dir, ok := strings.CutPrefix(importPath, t.module+"/")
	return short(dir), ok
}
