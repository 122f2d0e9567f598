/** The examples that are tests themselves. */
import '../../examples/unit-test.ts'
import '../../examples/integration-test.ts'
