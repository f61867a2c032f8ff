// Runs examples/ci/Jenkinsfile without Jenkins, for each exit code, and looks at what it did.
//
//     groovy jenkins.groovy JENKINSFILE

// The steps and sections that a pipeline may name. Any other name is a mistake.
class Pipeline extends Script {
    static final SECTIONS = ['pipeline', 'agent', 'parameters', 'options', 'triggers', 'environment', 'stages', 'stage',
        'steps', 'script', 'dir', 'withCredentials', 'post', 'always']
    static final STEPS = ['label', 'string', 'timeout', 'disableConcurrentBuilds', 'buildDiscarder', 'logRotator',
        'cron', 'deleteDir', 'echo', 'junit', 'archiveArtifacts']

    int code
    List<String> done = []
    String failure

    Object run() { null }

    Object sh(Map arguments) {
        assert arguments.returnStatus : 'sh has to give the exit code back'
        assert !(arguments.script instanceof GString) : 'Groovy puts text into the script of sh'
        done << 'sh'
        code
    }

    void error(String message) {
        throw new IllegalStateException(message)
    }

    Object methodMissing(String name, Object arguments) {
        assert name in SECTIONS || name in STEPS : "unknown step: ${name}"
        done << name
        def body = arguments ? arguments[-1] : null
        if (!(body instanceof Closure)) {
            return name
        }
        body.delegate = this
        body.resolveStrategy = Closure.DELEGATE_FIRST
        try {
            body()
        } catch (IllegalStateException stop) {
            // A stage that fails ends the stages; `post` comes all the same.
            if (name != 'stages') {
                throw stop
            }
            failure = stop.message
        }
        name
    }

    // Assignments, as in `environment`.
    void setProperty(String name, Object value) {
        if (name in ['code', 'done', 'failure', 'binding']) {
            super.metaClass.setProperty(this, name, value)
        }
    }
}

int failed = 0
[0: null, 1: 'policy blocks', 2: 'Wrong usage', 3: 'not a pass', 130: 'Interrupted', 137: 'exit code 137'].each { code, words ->
    def settings = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: 'Pipeline')
    def loader = new GroovyShell(this.class.classLoader, new Binding(), settings)
    def script = loader.parse(new File(args[0]))
    script.code = code
    script.run()
    def isRight = (words == null ? script.failure == null : script.failure?.contains(words))
    isRight &= script.done.containsAll(['sh', 'junit', 'archiveArtifacts'])
    if (!isRight) {
        failed++
        println "exit code ${code}: failure ${script.failure}, steps ${script.done}"
    }
}
System.exit(failed == 0 ? 0 : 1)
